-- Who answered a probe, and what was left of the day's calls, where the vendor tells.

alter table probes add column org text;
alter table probes add column day_limit bigint;
alter table probes add column day_left bigint;
