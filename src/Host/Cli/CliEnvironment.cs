using Mainstay.Core.Servers;
using Mainstay.Host.Cli.Doctor;
using Mainstay.Host.Cli.Verbs;

namespace Mainstay.Host.Cli;

/// <summary>Everything that the command line touches outside itself, so that each command runs in a test without a console.</summary>
public sealed record CliEnvironment
{
    public required TextWriter Out { get; init; }

    public required TextWriter Error { get; init; }

    /// <summary>What is given on standard input.</summary>
    public TextReader In { get; init; } = TextReader.Null;

    /// <summary>Whether <see cref="Out"/> ends at a terminal: only there are lines drawn in place and coloured.</summary>
    public bool OutIsTerminal { get; init; }

    /// <summary>Whether <see cref="Error"/> ends at a terminal.</summary>
    public bool ErrorIsTerminal { get; init; }

    /// <summary>Columns of the terminal; read anew for each drawing, so that a resize is seen.</summary>
    public Func<int> Width { get; init; } = () => 120;

    /// <summary>Rows of the terminal.</summary>
    public Func<int> Height { get; init; } = () => 40;

    public required IReadOnlyDictionary<string, string> Variables { get; init; }

    /// <summary>The account of this process; its name stands for who gives a command where <c>USER</c> does not say it, as in containers.</summary>
    public string Account { get; init; } = "unknown";

    /// <summary>Who gives the command, for audit and events.</summary>
    public string User => Variables.GetValueOrDefault("USER") is { Length: > 0 } name ? name : Account;

    /// <summary>Absolute folder that relative paths start from.</summary>
    public required string WorkingFolder { get; init; }

    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>Makes the transport of one command's requests.</summary>
    public required Func<HttpMessageHandler> Handler { get; init; }

    /// <summary>What <c>doctor</c> looks at.</summary>
    public required IMachine Machine { get; init; }

    /// <summary>Brings an architecture up and stays until it is asked to end, unless detached.</summary>
    public Func<UpOptions, CancellationToken, Task<int>> Up { get; init; } = static (_, _) => throw RoleMissing("up");

    /// <summary>Ends what <see cref="Up"/> started.</summary>
    public Func<DownOptions, CancellationToken, Task<int>> Down { get; init; } = static (_, _) => throw RoleMissing("down");

    /// <summary>Restarts a role of the machine that the session's data folder belongs to.</summary>
    public Func<string, Session, CancellationToken, Task<int>> RestartRole { get; init; } = static (_, _, _) => throw RoleMissing("restart --role");

    /// <summary>Runs one role of the binary in this process: its name and the arguments after it.</summary>
    public Func<string, IReadOnlyList<string>, CancellationToken, Task<int>> Role { get; init; } = static (role, _, _) => throw RoleMissing(role);

    /// <summary>Runs a command in this one's place, and asks it to end when told.</summary>
    public Func<ChildRun, TimeProvider, CancellationToken, Task<int>> Child { get; init; } = ChildProcess.RunAsync;

    /// <summary>The environment of this process.</summary>
    public static CliEnvironment OfProcess() => new()
    {
        Out = new LossyWriter(Console.Out),
        Error = new LossyWriter(Console.Error),
        In = Console.In,
        OutIsTerminal = !Console.IsOutputRedirected,
        ErrorIsTerminal = !Console.IsErrorRedirected,
        Width = () => Console.WindowWidth is > 0 and var width ? width : 120,
        Height = () => Console.WindowHeight is > 0 and var height ? height : 40,
        Variables = Environment.GetEnvironmentVariables().Cast<System.Collections.DictionaryEntry>()
            .ToDictionary(e => (string)e.Key, e => (string?)e.Value ?? "", StringComparer.Ordinal),
        Account = Environment.UserName is { Length: > 0 } account ? account : "unknown",
        WorkingFolder = Environment.CurrentDirectory,
        Handler = () => new ConnectFaults(new SocketsHttpHandler { UseProxy = false, ConnectTimeout = TimeSpan.FromSeconds(5) }),
        Machine = new ThisMachine(TimeProvider.System),
    };

    static InvalidOperationException RoleMissing(string verb) => new($"nothing in this process can run '{verb}'");
}
