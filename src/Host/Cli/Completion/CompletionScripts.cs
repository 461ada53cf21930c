namespace Mainstay.Host.Cli.Completion;

/// <summary>What shells load. Each script asks <c>mainstay complete</c> and falls back to file names where that knows nothing.</summary>
static class CompletionScripts
{
    public static IReadOnlyDictionary<string, string> All { get; } = new Dictionary<string, string>
    {
        ["bash"] = """
            # Load it in ~/.bashrc with: source <(mainstay completion bash)
            _mainstay() {
              local IFS=$'\n'
              COMPREPLY=($(mainstay complete "$COMP_POINT" "$COMP_LINE" 2>/dev/null))
            }
            complete -o default -F _mainstay mainstay
            """,
        ["zsh"] = """
            #compdef mainstay
            # Load it in ~/.zshrc, after compinit, with: source <(mainstay completion zsh)
            _mainstay() {
              local -a found
              found=("${(@f)$(mainstay complete "$CURSOR" "$BUFFER" 2>/dev/null)}")
              if [[ -n "$found" ]]; then compadd -- $found; else _files; fi
            }
            compdef _mainstay mainstay
            """,
        ["fish"] = """
            # Load it in ~/.config/fish/config.fish with: mainstay completion fish | source
            function __mainstay_complete
              set -l line (commandline -cp)
              mainstay complete (string length -- "$line") "$line" 2>/dev/null
            end
            complete -c mainstay -a '(__mainstay_complete)'
            """,
    };
}
