# Lines that are no cases end `train` with status 2, and it says which field makes no sense.
#
#     cmake -DTRAIN=the program -DFOLDER=where to write -P train_refuses.cmake

set(bits "3fb999999999999a")
string(REPEAT "0123456789abcdef" 2 wide)
set(generators "${wide} ${wide} ${wide} ${wide} ${wide} ${wide} ${wide} ${wide}")
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
expect(2 "not a case: units: missing"
       "a float32 3 5 4 1 adam ${bits} ${bits} 2 50 ${wide} ${wide} ${wide} ${wide} ${wide} ${wide} ${wide}")
expect(2 "not a case: name: missing" "")
refuse("type" "float32" "float16")
refuse("V" " 3 " " 3abc ")
refuse("V" " 3 " " -3 ")
refuse("H" " 5 " " 0 ")
refuse("H" " 5 " " 4294967297 ")
refuse("T" " 4 " " 18446744073709551617 ")
refuse("B" " 1 " " 1e3 ")
refuse("optimizer" "adam" "lion")
refuse("learning rate" "adam ${bits}" "adam 3FB999999999999A")
refuse("clip" "${bits} 2" "zzzzzzzzzzzzzzzz 2")
refuse("windows" " 2 50 " " 20000000 50 ")
refuse("characters" " 50 " " 5 ")
refuse("characters" " 1 adam" " 1000 adam")
refuse("text" " 50 0" " 50 x")
refuse("V * H" " 3 5 " " 100000 5000 ")
refuse("H * H" " 5 " " 100000 ")
refuse("(T + 1) * B * V" " 3 5 4 1 adam ${bits} ${bits} 2 50 " " 50000 5 4 1000 adam ${bits} ${bits} 2 50000 ")

# The good line with something that is not as usual.
function(refuse_option field option)
  expect(2 "not a case: ${field}: " "${good} ${option}")
endfunction()

expect(0 "" "${good} init=identity frozen=Wxh,by starts=0,1,20,49 dropout=${bits} schedule=cosine steps=9 warmup=2")
expect(0 "" "${good} starts=0")
refuse_option("no option" "nesterov=${bits}")
refuse_option("init" "init=xavier")
refuse_option("schedule" "schedule=")
refuse_option("weight_decay" "weight_decay=0.1")
refuse_option("dropout" "dropout=3ff0000000000000") # 1
refuse_option("dropout" "dropout=bfe0000000000000") # -0.5
refuse_option("dropout" "dropout=7ff8000000000000") # NaN
refuse_option("warmup" "warmup=-1")
refuse_option("decay_every" "decay_every=0")
refuse_option("steps" "steps=1.5")
refuse_option("frozen" "frozen=Wxh,")
refuse_option("frozen" "frozen=Wyh")
refuse_option("starts" "starts=1")
refuse_option("starts" "starts=0,50")
refuse_option("starts" "starts=0,7,7")
refuse_option("starts" "starts=0,,7")
string(REPLACE " 4 1 adam" " 4 2 adam" two "${good}")
set(starts 0)
foreach(start RANGE 24 49)
  string(APPEND starts ",${start}")
endforeach()
expect(2 "not a case: starts: a part with nothing to predict" "${two} starts=${starts}")
set(starts 0)
foreach(start RANGE 1 1000)
  string(APPEND starts ",${start}")
endforeach()
string(REPLACE " 2 50 " " 2 5000 " long "${good}")
expect(2 "not a case: starts: too many documents" "${long} starts=${starts}")
