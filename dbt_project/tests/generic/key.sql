{#- The columns are a key: none is null and no combination stands twice. One query instead of one per column. -#}
{% test key(model, columns) %}
select {{ columns | join(', ') }}
from {{ model }}
group by all
having count(*) > 1 {%- for column in columns %} or {{ column }} is null {%- endfor %}
{% endtest %}
