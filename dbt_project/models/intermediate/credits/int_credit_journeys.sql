select * from {{ credit_journeys() }}
