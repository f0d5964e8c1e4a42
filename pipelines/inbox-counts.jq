# Conversations that declare another number of messages than there are, as CSV.
["conversation", "subject", "declared", "there are"],
(inputs | select(.messageCount != null and "\(.messageCount)" != "\(.messages.count // 0)") | [.id, .subject, .messageCount, (.messages.count // 0)])
| @csv
