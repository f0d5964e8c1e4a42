# The declared options of choices, a record each, so that profile-fields compares them with what is seen.
include "custom-fields";
if .tag then {tag} else select(custom and choice) | "\(source).\(.fieldName)" as $name | labels | {($name): .} end
