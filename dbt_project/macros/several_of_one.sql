{#-
    Of `rows` (a CTE) those of an owner of whom several stand in one object of a CRM. Nearly all are once in each: only the others are
    sorted.
-#}
{% macro several_of_one(rows, owner) -%}
    select *
    from {{ rows }}
    where hash({{ owner }}, vendor, object) in (
        select hash({{ owner }}, vendor, object)
        from {{ rows }}
        group by hash({{ owner }}, vendor, object)
        having count(*) > 1
    )
    qualify count(*) over (partition by {{ owner }}, vendor, object) > 1
{%- endmacro %}
