{{ credit_sums(ref('int_data_driven_credits')) }}
