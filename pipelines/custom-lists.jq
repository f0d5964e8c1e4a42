# Options of profile-fields: the choices of the module $of, whose values must be known one by one.
include "custom-fields";
select(custom and choice and source == $of) | "--list \(.fieldName)\(if several then ":," else "" end)"
