# What became of the owners.  Input, slurped: ids and queue.  --arg form csv: the queue for the administrator, where a
# text that a spreadsheet would run as a formula gets a quote before it; --arg form count: one line, in words.
def safe: if type == "string" and test("^[=+@\t\r-]") then "'" + . else . end;
def queued($code): map(select(._error.code == $code)) | length;
def matched($table): map(select(.how == "matched" and .table == $table)) | length;
if $form == "csv" then
	["id", "name", "email", "reason", "what to do"], (.[] | select(._error) | [.id, .name, .email, ._error.code, ._error.message] | map(safe)) | @csv
else
	"owners: \(matched("systemuser")) matched, \(matched("team")) by team, \(queued("inactive")) inactive, \(queued("missing")) missing, \(queued("ambiguous")) ambiguous"
end
