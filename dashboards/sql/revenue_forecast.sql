select
    strftime(period, '%Y-%m') as quarter_from,
    closed_amount,
    forecast as forecast_amount,
    low as low_amount,
    high as high_amount,
    confidence as confidence_share,
    naive_forecast as naive_amount,
    replace(naive_method, '_', ' ') as naive_method,
    our_wape as our_error_share,
    naive_wape as naive_error_share,
    case
        when forecast is null then 'too few quarters to learn from'
        when is_better_than_naive is null then 'not tested yet'
        when is_better_than_naive then 'better than naive'
        else 'no better than naive: use the naive one'
    end as verdict
from marts.revenue_forecast
order by period
