-- Calls are counted where they are made, in a file of the machine that makes them.

drop table calls_made;
