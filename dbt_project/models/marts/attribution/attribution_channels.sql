select
    channel_values.model,
    channel_values.channel,
    channel_values.effect,
    channel_values.value as share
from {{ ref('int_channel_values') }} as channel_values
