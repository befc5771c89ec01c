{#-
    A whole number shared out by whole weights, so that the parts add up to it exactly: each gets its part rounded
    down, and what is left goes one by one to the largest remainders, ties by `order_by`.
    To be used in two steps, since a window cannot stand inside a window: `apportion_floor` and
    `apportion_remainder` in one CTE, `apportion` in the next.
-#}
{% macro apportion_floor(total, weight, partition_by) -%}
    cast(
        (cast(abs({{ total }}) as hugeint) * {{ weight }}) // sum({{ weight }}) over (partition by {{ partition_by }})
        as bigint
    )
{%- endmacro %}

{% macro apportion_remainder(total, weight, partition_by) -%}
    cast(
        (cast(abs({{ total }}) as hugeint) * {{ weight }}) % sum({{ weight }}) over (partition by {{ partition_by }})
        as bigint
    )
{%- endmacro %}

{% macro apportion(total, floor, remainder, partition_by, order_by) -%}
    cast(
        sign({{ total }}) * (
            {{ floor }} + case
                when
                    row_number() over (partition by {{ partition_by }} order by {{ remainder }} desc, {{ order_by }})
                    <= abs({{ total }}) - sum({{ floor }}) over (partition by {{ partition_by }})
                    then 1
                else 0
            end
        ) as bigint
    )
{%- endmacro %}
