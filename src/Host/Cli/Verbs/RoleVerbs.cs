using System.CommandLine;

namespace Mainstay.Host.Cli.Verbs;

/// <summary>The roles of the binary as verbs. Hidden: <c>up</c> starts them; by hand they are for several machines. What follows them is the role's own.</summary>
static class RoleVerbs
{
    static readonly (string Name, string Description)[] Roles =
    [
        ("gateway", "Run the data plane alone."),
        ("agent", "Run the agent of this machine alone."),
    ];

    public static IEnumerable<Command> Build(VerbKit kit) => Roles.Select(role =>
    {
        var verb = kit.Verb(role.Name, role.Description, [], (parsed, _, stop) => kit.Environment.Role(role.Name, [.. parsed.Tokens.Skip(1).Select(t => t.Value)], stop));
        verb.Hidden = true;
        verb.TreatUnmatchedTokensAsErrors = false;
        return verb;
    });
}
