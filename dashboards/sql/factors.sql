select
    factor,
    value,
    deals,
    won,
    win_rate,
    difference as difference_share,
    difference_low as low_share,
    difference_high as high_share
from marts.win_loss_factors
where separates
order by least(abs(difference_low), abs(difference_high)) desc, factor, value
