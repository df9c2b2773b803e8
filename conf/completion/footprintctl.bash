# Completion of footprintctl for bash. What there is to complete, the program itself says.
# shellcheck shell=bash

_footprintctl() {
    local program=${COMP_WORDS[0]} current=${COMP_WORDS[COMP_CWORD]} line
    local -a lines found
    # bash takes --option=value apart at the sign, which is a word then.
    [[ $current == = ]] && current=
    program=${program/#\~\//$HOME/}
    COMPREPLY=()
    mapfile -t lines < <("$program" __complete "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
    for line in "${lines[@]}"; do
        found=()
        case $line in
        :files)
            compopt -o filenames 2>/dev/null
            mapfile -t found < <(compgen -f -- "$current")
            ;;
        :dirs)
            compopt -o filenames 2>/dev/null
            mapfile -t found < <(compgen -d -- "$current")
            ;;
        *)
            printf -v line %q "${line%%$'\t'*}"
            found=("$line")
            ;;
        esac
        COMPREPLY+=("${found[@]}")
    done
}

complete -F _footprintctl footprintctl
