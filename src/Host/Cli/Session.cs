using System.CommandLine;
using Mainstay.Host.Cli.Client;
using Mainstay.Host.Cli.Output;

namespace Mainstay.Host.Cli;

/// <summary>One run of a verb: where its output goes and which server it asks.</summary>
public sealed class Session : IDisposable
{
    readonly Lazy<ApiClient> client;

    internal Session(CliEnvironment environment, GlobalFlags flags, ParseResult parsed)
    {
        Environment = environment;
        Format = parsed.GetValue(flags.Output);
        DataFolder = Path.GetFullPath(parsed.GetValue(flags.Data) ?? DefaultDataFolder(environment), environment.WorkingFolder);
        Server = parsed.GetValue(flags.Server);
        Token = parsed.GetValue(flags.Token);
        Screen = new Screen(environment, Format, parsed.GetValue(flags.NoColor), parsed.GetValue(flags.Quiet));
        client = new(() => Connect(ServerAddress.Find(Server, DataFolder)));
    }

    public CliEnvironment Environment { get; }

    public Screen Screen { get; }

    public OutputFormat Format { get; }

    /// <summary>Absolute.</summary>
    public string DataFolder { get; }

    /// <summary>The server named by flag or variable; null where the data folder says it.</summary>
    public string? Server { get; }

    public string? Token { get; }

    public TimeProvider Time => Environment.Time;

    /// <summary>The client of the server that the flags, or the data folder, name.</summary>
    /// <exception cref="CliError">None is named.</exception>
    public ApiClient Client => client.Value;

    /// <summary>A client of the server at <paramref name="server"/>, with this run's token and transport.</summary>
    public ApiClient Connect(Uri server) => new(server, Token, Environment);

    public void Dispose()
    {
        if (client.IsValueCreated)
        {
            client.Value.Dispose();
        }
    }

    static string DefaultDataFolder(CliEnvironment environment) =>
        Path.Combine(environment.Variables.GetValueOrDefault("HOME") is { Length: > 0 } home ? home : "/", ".mainstay");
}
