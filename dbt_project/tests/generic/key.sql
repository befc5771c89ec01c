{#-
    The columns are a key: no combination stands twice, and none is null but the `nullable`. One query instead of one per
    column. Numbers are grouped, not texts: only where two rows have one hash are their values compared. A build asks this
    only where two rows have one hash or a value is lacking (pipelines/dbt_nodes.py).
-#}
{% test key(model, columns, nullable=[]) %}
{%- set named = columns | join(', ') -%}
select {{ named }}
from {{ model }}
where hash({{ named }}) in (
    select hash({{ named }}) as hashed
    from {{ model }}
    group by hashed
    having count(*) > 1
)
group by all
having count(*) > 1
{%- for column in columns if column not in nullable %}
union
select {{ named }}
from {{ model }}
where {{ column }} is null
{%- endfor %}
{% endtest %}
