using System.CommandLine;
using Mainstay.Host.Roles;

namespace Mainstay.Host.Cli.Verbs;

/// <summary>The roles of the binary as verbs. Hidden: <c>up</c> starts them; by hand they are for several machines. What follows them is the role's own.</summary>
static class RoleVerbs
{
    static readonly (string Name, string Description, RoleFlag.Of Role)[] Roles =
    [
        ("gateway", "Run the data plane alone.", RoleFlag.Of.Gateway),
        ("agent", "Run the agent of this machine alone, or with --join an agent and a gateway of another machine's server.", RoleFlag.Of.Agent),
    ];

    /// <summary>The flags of a role, so that help, completion and documentation know them.</summary>
    public static IEnumerable<Option> FlagsOf(RoleFlag.Of role) => RoleFlag.For(role).Select(flag => new RoleOption(flag));

    public static IEnumerable<Command> Build(VerbKit kit) => Roles.Select(role =>
    {
        var verb = kit.Verb(role.Name, role.Description, [.. FlagsOf(role.Role)], (parsed, _, stop) => kit.Environment.Role(role.Name, [.. parsed.Tokens.Skip(1).Select(t => t.Value)], stop));
        verb.Hidden = true;
        verb.TreatUnmatchedTokensAsErrors = false;
        return verb;
    });
}

/// <summary>A flag of a role as the command line shows it; the role reads it itself.</summary>
sealed class RoleOption : Option<string?>
{
    public RoleOption(RoleFlag flag) : base(flag.Name)
    {
        Description = flag.Meaning;
        HelpName = flag.Value;
        Variable = flag.Variable;
    }

    /// <summary>The environment variable that does the same; null where none does.</summary>
    public string? Variable { get; }
}
