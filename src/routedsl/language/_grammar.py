"""The text of grammar/route.lark, written by scripts/grammar.py."""

GRAMMAR = r"""
// The syntax of `.route` files, and the only place where it is written: LALR(1), strict, without a
// conflict. What a policy means is told in README.md beside this file.
//
// Line breaks and indentation mean nothing: each statement begins with its keyword or with an option's
// name, so none needs an end mark. Lexemes do not depend on where they stand (`lexer="basic"`). Words
// with a meaning in one place only (`reject`, `given`, `only`, ...) are plain names here; whoever builds
// the tree looks at them. A rule whose name begins with `_` leaves no node of its own.
//
// After a change run `scripts/grammar.py`, which writes what is shipped.


// ── a file ──────────────────────────────────────────────────────────────────────────────────────

file: edition? _statement*

edition: "edition" NUMBER

_statement: import_
          | declaration
          | let
          | pool
          | defaults
          | route
          | assert_
          | test
          | _item                                // rules and options outside any route: the route `auto`


// ── declarations ────────────────────────────────────────────────────────────────────────────────

import_: "import" TEXT

declaration: ("upstream" | "model") name _settings
           | "classifier" word _settings

let: "let" word "=" _condition

pool: "pool" name "=" (models | strategy)

defaults: "defaults" _settings

route: "route" name ("," name)* "{" _item* "}"

assert_: "assert" _condition "->" promise

test: "test" TEXT "{" "}"                        // what stands in the braces is passed over, so far

_settings: "{" setting* "}"

setting: (word | fact_word) _value


// ── rules and options ───────────────────────────────────────────────────────────────────────────

_item: rule
     | otherwise
     | block
     | option

rule: "when" _condition "->" _target as_name? options?

otherwise: "else" _target as_name? options?

block: "when" _condition "{" _item* "}"          // every rule inside, with this `and` before its condition

option: word _value                              // for all rules of its block, route or file

options: _settings                               // of one rule

as_name: "as" name


// ── targets ─────────────────────────────────────────────────────────────────────────────────────

_target: to_name
       | strategy
       | to_route
       | to_reject

to_name: name

strategy: word "of" (models | name | all_) (where | by)?

to_route: "route" name

to_reject: word NUMBER TEXT                      // reject 403 "why"

where: "where" _condition

by: "by" signal

models: "[" (share ("," share)* ","?)? "]"

share: name NUMBER?                              // the number in a `split` alone: [a 90%, b 10%]

all_: "all"


// ── conditions: `not` binds tightest, then `and`, then `or` ─────────────────────────────────────

_condition: or_

?or_: and_ ("or" and_)*

?and_: not_ ("and" not_)*

?not_: "not" not_                                -> negation
     | predicate

?predicate: "(" _condition ")"                   -> group
          | "always"                             -> always
          | signal                               -> holds         // a yes-or-no signal, or a `let`
          | _operand (comparison _operand)+      -> compare       // chars < 200, 200 <= chars < 1000
          | signal "not"? "in" items             -> within
          | signal "not"? "in" literal ".." literal -> in_range   // both ends belong to it
          | signal "contains" (text | items)     -> contains
          | signal "matches" regex               -> matches
          | signal "like" text                   -> like
          | signal "is" NAME                     -> given         // is given, is missing

comparison: "<" | "<=" | ">" | ">=" | "==" | "!="

_operand: signal
        | _constant

signal: (word | fact_word)                       // chars, tiny.up
      | (word | fact_word) "[" text "]"          // header["x-tier"]
      | TEXT FACT                                // "meta/L-3".up


// ── what an assert promises ─────────────────────────────────────────────────────────────────────

?promise: word (models | name | all_)            -> promise_models   // only, never
        | word where                             -> promise_where    // only where, never where
        | word comparison literal                -> promise_limit    // attempts, wait, cost


// ── values ──────────────────────────────────────────────────────────────────────────────────────

_value: _constant
      | env
      | word                                     // a model, a word of a closed list

_constant: literal
         | text
         | regex
         | truth
         | items

items: "[" (_value ("," _value)* ","?)? "]"

literal: NUMBER | TIME

text: TEXT

regex: REGEX

truth: "true" | "false"

env: ENV

name: NAME | TEXT

word: NAME

fact_word: "model" | "upstream"                  // reserved, yet also a signal and a setting


// ── lexemes ─────────────────────────────────────────────────────────────────────────────────────

// A name may have `.`, `-`, `/` and `:` inside, but ends in none of them: `tiny->` is two lexemes.
// No reserved word is a name, unless it goes on as one (`model-x`); any model can be quoted.
NAME: /(?! (?: when | else | and | or | not | in | is | matches | contains | like | let | pool | model | upstream
              | classifier | route | assert | test | import | edition | defaults | true | false | of | all
              | always | where | by | as ) (?! [A-Za-z0-9_] | [.:\/-] [A-Za-z0-9_] ) )
       [A-Za-z_] [A-Za-z0-9_]* (?: [.:\/-] [A-Za-z0-9_]+ )*/x

// The fact of a quoted model: "meta/L-3".up
FACT: /\.[A-Za-z_][A-Za-z0-9_]*/

// Any letters may follow a number: which of them are units, and of what, is a matter of meaning.
NUMBER: /\$?[0-9][0-9_]*(?:\.[0-9]+)?[A-Za-zµ%]*/
TIME.1: /[0-9]{1,2}:[0-9]{2}/

TEXT: /"(?:[^"\\\n]|\\[^\n])*"/
REGEX: /\/(?:[^\/\\\n]|\\[^\n])+\/[a-z]*/
ENV: /\$[A-Za-z_][A-Za-z0-9_]*/

ARROW: "->"
RANGE: ".."
LT: "<"
LE: "<="
GT: ">"
GE: ">="
EQ: "=="
NE: "!="

COMMENT: /#[^\n]*/
SPACE: /[ \t\r\n]+/

%ignore COMMENT
%ignore SPACE
"""
