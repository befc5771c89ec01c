{{ credits_add_up(ref('int_rule_based_credits'), '/* int_rule_based_credits, opportunities */') }}
