# text, choice, or choice-all: with a column for the records that have more tags than can be chosen.
(.options | length) as $n |
if $tags == "text" or (($tags == "auto" or $tags == "choice") and $n == 0) then "text"
elif $tags == "auto" and (.more or $n >= 300) then "text"
elif $tags != "auto" and $tags != "choice" then "TAGS is auto, choice or text, not \"\($tags)\"\n" | halt_error(78)
elif $n > 100 then "choice-all" else "choice" end
