select * from {{ credit_weights() }}
