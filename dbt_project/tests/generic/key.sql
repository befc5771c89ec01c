{#-
    The columns are a key: no combination stands twice, and none is null but the `nullable`. One query instead of one per
    column. Where the rows before had one, only the keys of rows that are new are looked at, among all rows: the
    materialization of tests puts that in place of the comment.
-#}
{% test key(model, columns, nullable=[]) %}
select {{ columns | join(', ') }}
from {{ model }}
/* {{ columns | join(', ') }} */
group by all
having count(*) > 1 {%- for column in columns if column not in nullable %} or {{ column }} is null {%- endfor %}
{% endtest %}
