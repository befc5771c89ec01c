select
    strftime(period, '%Y') || ' Q' || quarter(period) as quarter,
    max(category_forecast) filter (where taken_at = 'month 1') as by_category,
    max(forecast) filter (where taken_at = 'month 1') as weighted,
    max(actual) as came,
    max(category_bias) filter (where taken_at = 'month 1') as category_bias_share,
    max(weighted_bias) filter (where taken_at = 'month 1') as weighted_bias_share,
    max(weighted_bias) filter (where taken_at = 'before') as weighted_bias_share_before,
    max(weighted_bias) filter (where taken_at = 'month 2') as weighted_bias_share_month_2
from marts.forecast_accuracy
where owner_id = coalesce($owner, 'all') and ($since is null or period >= $since)
group by period
order by period
