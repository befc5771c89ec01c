{{ credits_add_up(ref('int_data_driven_credits')) }}
