namespace Mainstay.Host.Roles;

/// <summary>What a role process is told on its command line. Written by the supervisor; read without a parser library so that a role starts fast.</summary>
sealed record RoleArguments
{
    public required DataLayout Data { get; init; }

    /// <summary>Where the Admin API is.</summary>
    public required string Server { get; init; }

    /// <summary>Where the Admin API is to listen (server).</summary>
    public string Listen { get; init; } = Api.ApiOptions.DefaultListen;

    public string? Dashboard { get; init; }

    /// <summary>Name of this host.</summary>
    public string HostName { get; init; } = RoleSettings.HostName;

    /// <summary>Reads the arguments after the role's name; null with a message where they are wrong.</summary>
    public static RoleArguments? Read(IReadOnlyList<string> args, TextWriter error)
    {
        var given = new Dictionary<string, string>(StringComparer.Ordinal);
        for (var i = 0; i < args.Count; i += 2)
        {
            if (i + 1 == args.Count || args[i] is not ("--data" or "--server" or "--listen" or "--dashboard" or "--name"))
            {
                error.WriteLine($"'{args[i]}' is not an option of a role, or its value is missing");
                error.WriteLine("a role takes --data FOLDER, --server URL, --listen URL, --dashboard FOLDER and --name NAME; 'mainstay up' starts all roles");
                return null;
            }

            given[args[i]] = args[i + 1];
        }

        return new RoleArguments
        {
            Data = new DataLayout(given.GetValueOrDefault("--data") ?? Environment.GetEnvironmentVariable("MAINSTAY_DATA") ?? DataLayout.DefaultRoot),
            Server = given.GetValueOrDefault("--server") ?? Api.ApiOptions.DefaultListen,
            Listen = given.GetValueOrDefault("--listen") ?? Api.ApiOptions.DefaultListen,
            Dashboard = given.GetValueOrDefault("--dashboard"),
            HostName = given.GetValueOrDefault("--name") ?? RoleSettings.HostName,
        };
    }
}
