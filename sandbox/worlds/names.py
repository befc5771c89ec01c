"""Words the default world is made of: names, nicknames, companies, places, titles. Constants only."""

from __future__ import annotations

FIRST = ["James", "Mary", "Robert", "Patricia", "John", "Jennifer", "Michael", "Linda", "David", "Elizabeth", "William", "Barbara", "Richard", "Susan", "Joseph", "Jessica", "Thomas", "Sarah", "Christopher", "Karen", "Daniel", "Nancy", "Matthew", "Lisa", "Anthony", "Margaret", "Andrew", "Sandra", "Joshua", "Ashley", "Kevin", "Emily", "Brian", "Michelle", "Steven", "Laura", "Edward", "Rebecca", "Katherine", "Alexander", "Nicholas", "Samantha", "Benjamin", "Deborah", "Gregory", "Rachel", "Jürgen", "Björn", "José", "François", "Zoë", "Renée", "Søren", "Łukasz", "Małgorzata", "Ana", "Giulia", "Marco", "Paolo", "Chiara", "Pedro", "João", "Inês", "Beatriz", "Hans", "Stefan", "Sabine", "Anke", "Ulrike", "Pierre", "Camille", "Hélène", "Théo", "Amélie", "Wei", "Ming", "Yuki", "Haruto", "Sakura", "Aarav", "Ananya", "Rohan", "Fatima", "Omar", "Layla", "Yusuf", "Ingrid", "Lars", "Astrid", "Freya", "Oliver", "Charlotte", "George", "Imogen", "Callum", "Niamh", "Siobhan", "Rhys", "Agnieszka", "Piotr", "Katarzyna", "Milan", "Jana", "Tomáš", "Eszter", "László", "Andrei", "Ioana", "Dimitri", "Elena", "Nikolaos", "Maria", "Carmen", "Javier", "Lucía", "Diego"]
LAST = ["Smith", "Johnson", "Williams", "Brown", "Jones", "Garcia", "Miller", "Davis", "Rodriguez", "Martinez", "Hernandez", "Lopez", "Gonzalez", "Wilson", "Anderson", "Thomas", "Taylor", "Moore", "Jackson", "Martin", "Lee", "Perez", "Thompson", "White", "Harris", "Sanchez", "Clark", "Ramirez", "Lewis", "Robinson", "Walker", "Young", "Allen", "King", "Wright", "Scott", "Torres", "Nguyen", "Hill", "Flores", "Green", "Adams", "Nelson", "Baker", "Hall", "Rivera", "Campbell", "Mitchell", "Carter", "Müller", "Schmidt", "Schneider", "Fischer", "Weber", "Meyer", "Wagner", "Becker", "Schulz", "Hoffmann", "Schäfer", "Koch", "Bauer", "Richter", "Klein", "Wolf", "Schröder", "Neumann", "Schwarz", "Zimmermann", "Braun", "Krüger", "Dubois", "Durand", "Lefèvre", "Moreau", "Laurent", "Simon", "Michel", "Garnier", "Faure", "Rousseau", "Blanc", "Guérin", "Rossi", "Russo", "Ferrari", "Esposito", "Bianchi", "Romano", "Colombo", "Ricci", "Marino", "Greco", "Bruno", "Gallo", "Conti", "Silva", "Santos", "Ferreira", "Pereira", "Oliveira", "Costa", "Rodrigues", "Gonçalves", "Almeida", "Andersson", "Johansson", "Karlsson", "Nilsson", "Eriksson", "Larsen", "Hansen", "Jørgensen", "Nowak", "Kowalski", "Wiśniewski", "Wójcik", "Kamiński", "Novák", "Svoboda", "Horváth", "Nagy", "Kovács", "Popescu", "Papadopoulos", "Kim", "Park", "Chen", "Wang", "Li", "Zhang", "Tanaka", "Suzuki", "Sato", "Singh", "Patel", "Sharma", "Gupta", "Khan", "Ahmed", "Ali", "Hassan", "O'Brien", "O'Connor", "Murphy", "Kelly", "Byrne", "MacDonald", "Stewart", "Fraser", "Evans", "Davies", "Hughes", "Okonkwo", "Mensah", "Diallo", "Mbeki"]
NICKNAMES = {
    "James": "Jim", "Robert": "Bob", "Patricia": "Pat", "John": "Jack", "Jennifer": "Jen", "Michael": "Mike",
    "David": "Dave", "Elizabeth": "Liz", "William": "Bill", "Richard": "Rick", "Susan": "Sue", "Joseph": "Joe",
    "Thomas": "Tom", "Christopher": "Chris", "Daniel": "Dan", "Matthew": "Matt", "Anthony": "Tony", "Andrew": "Andy",
    "Joshua": "Josh", "Steven": "Steve", "Edward": "Ed", "Rebecca": "Becky", "Katherine": "Kate", "Alexander": "Alex",
    "Nicholas": "Nick", "Samantha": "Sam", "Benjamin": "Ben", "Deborah": "Debbie", "Gregory": "Greg", "Margaret": "Peggy",
}  # fmt: skip
COMPANY_FIRST = ["Alder", "Beacon", "Cobalt", "Delta", "Ember", "Falcon", "Granite", "Harbor", "Indigo", "Juniper", "Keystone", "Lumen", "Meridian", "Nimbus", "Orchard", "Pinnacle", "Quartz", "Ridge", "Summit", "Terra", "Umbra", "Vertex", "Willow", "Xenon", "Yarrow", "Zephyr", "Aurora", "Birch", "Cedar", "Drift", "Echo", "Fjord", "Glacier", "Helix", "Iris", "Jade", "Krypton", "Lark", "Maple", "Nova", "Onyx", "Prairie", "Quill", "Raven", "Sierra", "Tundra", "Unity", "Vale", "Wren", "Atlas", "Boreal", "Crest", "Dune", "Estuary"]
COMPANY_SECOND = ["Analytics", "Logistics", "Foods", "Health", "Robotics", "Energy", "Textiles", "Media", "Capital", "Software", "Systems", "Networks", "Materials", "Marine", "Learning", "Mobility", "Optics", "Pharma", "Retail", "Studios", "Works", "Dynamics", "Insurance", "Telecom"]
TITLES = (
    ("Chief Executive Officer", 3), ("Chief Marketing Officer", 3), ("VP Sales", 6), ("VP Marketing", 6),
    ("Head of Operations", 8), ("Head of Procurement", 8), ("IT Director", 9), ("Marketing Manager", 14),
    ("Sales Operations Manager", 12), ("Product Manager", 12), ("Data Analyst", 12), ("Buyer", 10),
    ("Software Engineer", 9), ("Office Manager", 8), ("Intern", 3), ("", 6),
)  # fmt: skip
# city, state, country, dialling code, currency, domain ending, legal form
PLACES = (
    ("New York", "New York", "United States", "1", "USD", "com", "Inc."),
    ("Chicago", "Illinois", "United States", "1", "USD", "com", "Inc."),
    ("Austin", "Texas", "United States", "1", "USD", "io", "LLC"),
    ("Denver", "Colorado", "United States", "1", "USD", "com", "Corp."),
    ("San Francisco", "California", "United States", "1", "USD", "ai", "Inc."),
    ("Seattle", "Washington", "United States", "1", "USD", "com", "LLC"),
    ("Boston", "Massachusetts", "United States", "1", "USD", "com", "Inc."),
    ("Toronto", "Ontario", "Canada", "1", "USD", "ca", "Ltd."),
    ("London", "England", "United Kingdom", "44", "GBP", "co.uk", "Ltd"),
    ("Manchester", "England", "United Kingdom", "44", "GBP", "co.uk", "Ltd"),
    ("Edinburgh", "Scotland", "United Kingdom", "44", "GBP", "co.uk", "Ltd"),
    ("Dublin", "Leinster", "Ireland", "353", "EUR", "ie", "Ltd"),
    ("Berlin", "Berlin", "Germany", "49", "EUR", "de", "GmbH"),
    ("München", "Bayern", "Germany", "49", "EUR", "de", "GmbH"),
    ("Hamburg", "Hamburg", "Germany", "49", "EUR", "de", "AG"),
    ("Paris", "Île-de-France", "France", "33", "EUR", "fr", "SAS"),
    ("Lyon", "Auvergne-Rhône-Alpes", "France", "33", "EUR", "fr", "SARL"),
    ("Milano", "Lombardia", "Italy", "39", "EUR", "it", "S.p.A."),
    ("Madrid", "Madrid", "Spain", "34", "EUR", "es", "S.L."),
    ("Lisboa", "Lisboa", "Portugal", "351", "EUR", "pt", "Lda"),
    ("Amsterdam", "Noord-Holland", "Netherlands", "31", "EUR", "nl", "B.V."),
    ("Stockholm", "Stockholm", "Sweden", "46", "EUR", "se", "AB"),
    ("Warszawa", "Mazowieckie", "Poland", "48", "EUR", "pl", "Sp. z o.o."),
)
# name, Salesforce type, HubSpot source, response rate, effect on sales, cost
CAMPAIGN_KINDS = (
    ("Webinar", "Webinar", "OTHER_CAMPAIGNS", 0.62, 1.5, 6_000),
    ("Trade Show", "Trade Show", "OFFLINE", 0.55, 1.8, 42_000),
    ("Newsletter", "Email", "EMAIL_MARKETING", 0.50, 0.8, 2_500),
    ("Search Ads", "Advertisement", "PAID_SEARCH", 0.58, 1.3, 18_000),
    ("Social Ads", "Social", "PAID_SOCIAL", 0.45, 0.5, 15_000),
    ("Whitepaper", "Content", "ORGANIC_SEARCH", 0.66, 1.1, 8_000),
    ("Referral Program", "Referral Program", "REFERRALS", 0.70, 2.2, 5_000),
    ("Banner Ads", "Advertisement", "OTHER_CAMPAIGNS", 0.30, 0.1, 20_000),
)
TOPICS = (
    "Forecasting", "Data Quality", "Revenue Operations", "Pipeline Review", "Integration", "Customer Onboarding",
    "Year in Review", "Benchmarks",
)  # fmt: skip
LEAD_SOURCES = {
    "ORGANIC_SEARCH": "Organic Search", "PAID_SEARCH": "Advertisement", "EMAIL_MARKETING": "Email",
    "SOCIAL_MEDIA": "Social Media", "REFERRALS": "Partner Referral", "OTHER_CAMPAIGNS": "Web",
    "DIRECT_TRAFFIC": "Web", "OFFLINE": "Trade Show", "PAID_SOCIAL": "Social Media",
}  # fmt: skip
