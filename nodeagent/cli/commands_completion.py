"""completion: a script by which bash or PowerShell completes command lines, made from the commands themselves."""

import click

from nodeagent.cli.command_tree import words

_BASH = """\
# Written by `keepgreen completion bash`.
_keepgreen() {{
    local word=${{COMP_WORDS[COMP_CWORD]}} before=${{COMP_WORDS[COMP_CWORD-1]}} path=keepgreen words='' i
    for ((i = 1; i < COMP_CWORD; i++)); do
        case "$path ${{COMP_WORDS[i]}}" in
{paths}
                path="$path ${{COMP_WORDS[i]}}" ;;
        esac
    done
    if [[ $before == -m ]]; then
        for i in "${{KEEPGREEN_HOME:+$KEEPGREEN_HOME/var/modules}}" /var/lib/keepgreen/modules; do
            words+=" $(ls "$i" 2>/dev/null)"
        done
    else
        case $path in
{cases}
        esac
    fi
    COMPREPLY=($(compgen -W "$words" -- "$word"))
}}
complete -o default -F _keepgreen keepgreen
"""

_POWERSHELL = """\
# Written by `keepgreen completion powershell`.
Register-ArgumentCompleter -Native -CommandName keepgreen, keepgreen.exe -ScriptBlock {{
    param($word, $line, $cursor)
    $next = @{{
{cases}
    }}
    $path = 'keepgreen'
    foreach ($element in ($line.CommandElements | Select-Object -Skip 1)) {{
        if ($element.Extent.EndOffset -ge $cursor) {{ break }}
        if ($next.ContainsKey("$path $element")) {{ $path = "$path $element" }}
    }}
    $next[$path] -split ' ' | Where-Object {{ $_ -like "$word*" }} | ForEach-Object {{
        [System.Management.Automation.CompletionResult]::new($_, $_, 'ParameterValue', $_)
    }}
}}
"""


@click.command()
@click.argument("shell", type=click.Choice(["bash", "powershell"]))
@click.pass_context
def completion(context: click.Context, shell: str) -> None:
    """Write the script that completes command lines.

    Linux: into /usr/share/bash-completion/completions/keepgreen. Windows: add the line
    `keepgreen completion powershell | Out-String | Invoke-Expression` to the file that $PROFILE names.
    """
    tree = context.find_root().command
    click.echo(bash_script(tree) if shell == "bash" else powershell_script(tree), nl=False)


def bash_script(tree: click.Command) -> str:
    """For bash."""
    known = dict(words(tree))
    paths = "|\\\n".join(f'            "{path}"' for path in known if path != "keepgreen") + ")"
    cases = "\n".join(f'            "{path}") words="{" ".join(next_)}" ;;' for path, next_ in known.items())
    return _BASH.format(paths=paths, cases=cases)


def powershell_script(tree: click.Command) -> str:
    """For PowerShell 5.1 and later."""
    cases = "\n".join(f"        '{path}' = '{' '.join(next_)}'" for path, next_ in words(tree))
    return _POWERSHELL.format(cases=cases)
