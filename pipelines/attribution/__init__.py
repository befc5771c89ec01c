"""What the channels of a journey are worth when the data decide: Markov chains and Shapley values.

Belongs here: the mathematics, on arrays, without a database. Rules of thumb (first, linear, W-shaped) are SQL
in the dbt project; which models run is `config/attribution.yml`.
"""
