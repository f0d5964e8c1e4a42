# What the programs of custom.mk know of field definitions.

def source: {"1": "contact", "2": "activity", "4": "deal", "5": "company", "6": "product", "task": "activity"} as $known |
	$known[.module // ""] // .module // $known[.moduleId | tostring] // "";
def custom: (.fieldName // "" | test("^[A-Za-z0-9_]+$")) and
	((.isSystem | tostring | . == "0" or . == "false") or (.fieldName | test("CustomField[0-9]+$")));
def kind: .type // "" | tostring | ascii_downcase | gsub("[^a-z]"; "");
def several: kind | test("^(multiselect|multipicklist|checkboxes|tags?$)");
def choice: several or (kind | test("^(select|picklist|dropdown|radio)"));
# The labels of its options.  fieldOptions is JSON in a string, or JSON.
def labels: (.fieldOptions | if type == "string" then fromjson? // {} else . // {} end) |
	if type == "object" then (.values // [.valuesMeta[]?] | .[]) else empty end |
	if type == "object" then .label // .value // empty else . end | tostring;
