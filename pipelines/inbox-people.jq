# A message as far as its conversation needs it, behind the conversation's id as the key to sort by.  Messages pass through one by one.
select(.conversationId != null and .conversationId != "")
| "\(.conversationId | tostring | tojson)\t\({conversationId, fromEmail, fromName, toEmails, ccEmails, bccEmails, time: ._order.time} | tojson)"
