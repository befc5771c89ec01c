{#- The columns are a key: no combination stands twice, and none is null but the `nullable`. One query instead of one per column. -#}
{% test key(model, columns, nullable=[]) %}
select {{ columns | join(', ') }}
from {{ model }}
group by all
having count(*) > 1 {%- for column in columns if column not in nullable %} or {{ column }} is null {%- endfor %}
{% endtest %}
