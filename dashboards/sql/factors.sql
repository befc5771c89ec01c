select
    factor,
    value,
    deals,
    round(win_rate, 3) as win_rate,
    round(difference, 3) as difference,
    round(difference_low, 3) as low,
    round(difference_high, 3) as high
from marts.win_loss_factors
where separates
order by abs(difference) desc limit 25
