-- What both sides of a mirrored pair of records held when they last agreed, a JSON object by line.
create table mirrored (
    pair_key text not null primary key,
    content text not null
);
