package main

import (
	"io"

	"github.com/spf13/cobra"
)

// bashFunctions defines the two functions of the bash-completion package that
// cobra's script calls, for shells without that package.
//
// _get_comp_words_by_ref sets cur, prev, words and cword from COMP_LINE. Unlike
// COMP_WORDS, the words are not split at = and :, which occur in names, in
// parameters and in addresses.
const bashFunctions = `
if ! declare -F _get_comp_words_by_ref >/dev/null; then
_get_comp_words_by_ref() {
    local i rest=${COMP_LINE:0:COMP_POINT} word
    words=() cword=-1
    for ((i = 0; i <= COMP_CWORD; i++)); do
        word=${COMP_WORDS[i]}
        if ((cword >= 0)) && [[ $rest == "$word"* && $rest != [[:space:]]* ]] &&
            [[ $word == [=:]* || ${words[cword]} == *[=:] ]]; then
            words[cword]+=$word
        else
            words[++cword]=$word
        fi
        rest=${rest#*"$word"}
    done
    cur=${words[cword]} prev=
    ((cword < 1)) || prev=${words[cword-1]}
}
fi
if ! declare -F _filedir >/dev/null; then
_filedir() {
    local IFS=$'\n' kind=-f
    [[ $1 != -d ]] || kind=-d
    COMPREPLY+=($(compgen "$kind" -- "$cur"))
}
fi

`

// completeBash makes `completion bash` print a script that needs no other
// package.
func completeBash(root *cobra.Command, out io.Writer) {
	root.InitDefaultCompletionCmd()
	bash, _, err := root.Find([]string{"completion", "bash"})
	if err != nil || bash.Name() != "bash" {
		return // this cobra adds no such command
	}
	script := bash.RunE
	bash.Long = `Print the completion script for bash. To use it in every shell:

  exportctl completion bash > ~/.local/share/exportctl.bash
  echo '. ~/.local/share/exportctl.bash' >> ~/.bashrc`
	bash.RunE = func(cmd *cobra.Command, args []string) error {
		if _, err := io.WriteString(out, bashFunctions); err != nil {
			return err
		}
		return script(cmd, args)
	}
}
