namespace Mainstay.Host.Roles;

/// <summary>A flag that roles take when they are run by hand. The roles read them without a parser library; help, completion and docs/cli.md list them.</summary>
/// <param name="Name">With its dashes.</param>
/// <param name="Value">What stands behind it, for people.</param>
/// <param name="Meaning">A sentence.</param>
/// <param name="Roles">Which roles take it.</param>
/// <param name="Variable">The environment variable that does the same; null where none does.</param>
sealed record RoleFlag(string Name, string Value, string Meaning, RoleFlag.Of Roles, string? Variable = null)
{
    [Flags]
    public enum Of
    {
        Server = 1,
        Gateway = 2,
        Agent = 4,
    }

    /// <summary>Those that every verb has too, such as --data, are not among them.</summary>
    public static IReadOnlyList<RoleFlag> All { get; } =
    [
        new("--listen", "URL", "Where the Admin API and the dashboard listen. Default http://127.0.0.1:7070.", Of.Server),
        new("--dashboard", "FOLDER", "The dashboard's files. Default: none, the API is served alone.", Of.Server),
        new("--store", "STORE", "Keep what is declared in etcd, as etcd://HOST:PORT,HOST:PORT/PREFIX. Default: a file in the data folder.", Of.Server, "MAINSTAY_STORE"),
        new("--cluster", "PLACE", "Run a member of etcd at ADDRESS[:PORT], which other servers reach. Default: none.", Of.Server, "MAINSTAY_CLUSTER"),
        new("--agents", "PLACE", "Where agents of other machines come in, as ADDRESS:PORT. Default: none come in.", Of.Server),
        new("--otlp-grpc", "PLACE", "Where OTLP over gRPC is taken in: off, PORT or ADDRESS:PORT. Default 4317.", Of.Server),
        new("--otlp-http", "PLACE", "Where OTLP over HTTP is taken in. Default 4318.", Of.Server),
        new("--zipkin", "PLACE", "Where Zipkin's spans are taken in. Default 9411.", Of.Server),
        new("--transport", "sockets|epoll", "How it reaches the network. Default: epoll where there is one.", Of.Gateway, "MAINSTAY_TRANSPORT"),
        new("--loops", "COUNT", "How many event loops. Default: one per processor.", Of.Gateway, "MAINSTAY_LOOPS"),
        new("--join", "URL", "The door of the server to join, or those of several with commas between; with --token or MAINSTAY_JOIN_TOKEN the first time.", Of.Server | Of.Agent),
        new("--name", "NAME", "What the others call it. Default: local.", Of.Server | Of.Gateway | Of.Agent),
        new("--zone", "NAME", "The zone that this machine stands in. Default: zones make no difference.", Of.Gateway | Of.Agent, "MAINSTAY_ZONE"),
        new("--address", "ADDRESS", "Where other machines reach this one. Default: the address that it has towards the server.", Of.Agent),
        new("--mesh", "PLACE", "Where other machines' gateways come in, as ADDRESS:PORT. Default: a place of its own choice.", Of.Agent),
        new("--label", "KEY=VALUE,...", "What instances can be placed by. Default: none.", Of.Agent),
        new("--cpu", "COUNT", "How many processors instances may have. Default: all that the machine has.", Of.Agent),
        new("--memory", "SIZE", "How much memory instances may have. Default: all that the machine has.", Of.Agent),
    ];

    static readonly string[] Common = ["--data", "--server", "--token", RoleSettings.StandBy];

    /// <summary>Whether the word is a flag of a role.</summary>
    public static bool IsOne(string word) => Common.Contains(word, StringComparer.Ordinal) || All.Any(flag => flag.Name == word);

    /// <summary>Those of one role.</summary>
    public static IEnumerable<RoleFlag> For(Of role) => All.Where(flag => flag.Roles.HasFlag(role));
}
