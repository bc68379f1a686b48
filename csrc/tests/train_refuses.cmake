# Lines that are no cases end `train` with status 2, and it says which field makes no sense.
#
#     cmake -DTRAIN=the program -DFOLDER=where to write -P train_refuses.cmake

set(bits "3fb999999999999a")
string(REPEAT "0123456789abcdef" 2 wide)
set(generators "${wide} ${wide} ${wide} ${wide} ${wide} ${wide}")
set(good "a float32 3 5 4 1 adam ${bits} ${bits} 2 50 ${generators}")

function(expect status said line)
  file(WRITE "${FOLDER}/train_refuses.cases" "${line}\n")
  execute_process(COMMAND ${TRAIN} --isa portable INPUT_FILE "${FOLDER}/train_refuses.cases"
                  RESULT_VARIABLE ended ERROR_VARIABLE errors OUTPUT_QUIET)
  string(FIND "${errors}" "${said}" at)
  if(NOT ended STREQUAL status OR at EQUAL -1)
    message(SEND_ERROR "${line}\n  ended with ${ended}: ${errors}\n  expected ${status}: ${said}")
  endif()
endfunction()

# A good line with one part exchanged for another.
function(refuse field part other)
  string(REPLACE "${part}" "${other}" line "${good}")
  expect(2 "not a case: ${field}: " "${line}")
endfunction()

expect(0 "" "${good}")
expect(2 "not a case: after the last: " "${good} 5")
expect(2 "not a case: coins: missing" "a float32 3 5 4 1 adam ${bits} ${bits} 2 50 ${wide} ${wide} ${wide} ${wide} ${wide}")
expect(2 "not a case: name: missing" "")
refuse("type" "float32" "float16")
refuse("V" " 3 " " 3abc ")
refuse("V" " 3 " " -3 ")
refuse("H" " 5 " " 0 ")
refuse("H" " 5 " " 4294967297 ")
refuse("T" " 4 " " 18446744073709551617 ")
refuse("B" " 1 " " 1e3 ")
refuse("optimizer" "adam" "sgd")
refuse("learning rate" "adam ${bits}" "adam 3FB999999999999A")
refuse("clip" "${bits} 2" "zzzzzzzzzzzzzzzz 2")
refuse("windows" " 2 50 " " 20000000 50 ")
refuse("characters" " 50 " " 5 ")
refuse("characters" " 1 adam" " 1000 adam")
refuse("text" " 50 0" " 50 x")
refuse("V * H" " 3 5 " " 100000 5000 ")
refuse("H * H" " 5 " " 100000 ")
refuse("(T + 1) * B * V" " 3 5 4 1 adam ${bits} ${bits} 2 50 " " 50000 5 4 1000 adam ${bits} ${bits} 2 50000 ")
