using System.CommandLine;
using Mainstay.Host.Cli.Client;
using Mainstay.Host.Cli.Progress;

namespace Mainstay.Host.Cli.Verbs;

/// <summary>What <c>up</c> was asked for.</summary>
public sealed record UpOptions
{
    /// <summary>The manifest, already read.</summary>
    public required ApplyRequest Manifest { get; init; }

    /// <summary>Absolute.</summary>
    public required string DataFolder { get; init; }

    /// <summary>Return when everything runs, and leave it running.</summary>
    public bool Detach { get; init; }

    /// <summary>Where the Admin API and the dashboard listen; null is <see cref="DefaultListen"/>.</summary>
    public string? Listen { get; init; }

    /// <summary>The address of the store; null is the file in the data folder.</summary>
    public string? Store { get; init; }

    /// <summary>Where this server's member of a cluster listens, as <c>ADDRESS[:PORT]</c>; null is in none.</summary>
    public string? Cluster { get; init; }

    /// <summary>Where agents of other machines come in, as <c>ADDRESS:PORT</c>; null lets none in.</summary>
    public string? Agents { get; init; }

    public const string DefaultListen = "http://127.0.0.1:7070";

    /// <summary>Where OTLP over gRPC is taken in: <c>off</c>, a port or <c>ADDRESS:PORT</c>; null leaves it to <c>up</c>.</summary>
    public string? OtlpGrpc { get; init; }

    /// <summary>As <see cref="OtlpGrpc"/>, of OTLP over HTTP.</summary>
    public string? OtlpHttp { get; init; }

    /// <summary>As <see cref="OtlpGrpc"/>, of Zipkin.</summary>
    public string? Zipkin { get; init; }

    /// <summary>What a server that listens beyond this machine demands; null where none is given.</summary>
    public string? Token { get; init; }

    /// <summary>Serve the dashboard.</summary>
    public bool Dashboard { get; init; } = true;

    /// <summary>Show the dashboard in a browser where there is one.</summary>
    public bool Open { get; init; } = true;

    /// <summary>How long everything may take to run; only a detached <c>up</c> ends with it.</summary>
    public TimeSpan Timeout { get; init; } = FollowOptions.DefaultTimeout;

    /// <summary>Where to show what happens, and how to reach the server.</summary>
    public required Session Session { get; init; }
}

/// <summary><c>mainstay up</c>: everything after the command line is the roles' matter.</summary>
static class UpVerb
{
    public static Command Build(VerbKit kit)
    {
        var manifest = new ManifestFlags(kit.Flags);
        var detach = kit.Flags.Switch("--detach", "Return when everything runs, and leave it running until 'mainstay down'.");
        var listen = kit.Flags.Text("--listen", "URL", $"Where the Admin API and the dashboard listen. Default {UpOptions.DefaultListen}.");
        var store = kit.Flags.Text("--store", "STORE", "Keep what is declared in etcd, as etcd://HOST:PORT,HOST:PORT/PREFIX. Default: a file in the data folder.");
        var cluster = kit.Flags.Text("--cluster", "PLACE", "Keep what is declared in a cluster that other servers can join, as ADDRESS[:PORT] with an address of this machine that they reach; this server runs its own member of etcd there. Default: a file in the data folder.");
        var agents = kit.Flags.Text("--agents", "PLACE", "Where agents of other machines come in, as ADDRESS:PORT with an address of this machine that they reach; over mutual TLS. Default: none come in.");
        var grpc = kit.Flags.Text("--otlp-grpc", "PLACE", "Where OTLP over gRPC is taken in: off, PORT or ADDRESS:PORT. Default 4317, or a free port where that is taken.");
        var http = kit.Flags.Text("--otlp-http", "PLACE", "Where OTLP over HTTP is taken in. Default 4318, or a free port where that is taken.");
        var zipkin = kit.Flags.Text("--zipkin", "PLACE", "Where Zipkin's spans are taken in. Default 9411, or a free port where that is taken.");
        var noDashboard = kit.Flags.Switch("--no-dashboard", "Do not serve the dashboard.");
        var noOpen = kit.Flags.Switch("--no-open", "Do not show the dashboard in a browser.");
        var timeout = kit.Flags.Duration("--timeout", FollowOptions.DefaultTimeout, "How long everything may take to run.");
        return kit.Verb("up", "Bring an architecture up, keep it equal to its file, and show it.",
            [manifest.Targets, manifest.Files, detach, listen, store, cluster, agents, grpc, http, zipkin, noDashboard, noOpen, timeout],
            (parsed, session, stop) => kit.Environment.Up(
                new()
                {
                    Manifest = manifest.Read(parsed, session),
                    DataFolder = session.DataFolder,
                    Detach = parsed.GetValue(detach),
                    Listen = parsed.GetValue(listen),
                    Store = parsed.GetValue(store),
                    Cluster = parsed.GetValue(cluster),
                    Agents = parsed.GetValue(agents),
                    OtlpGrpc = parsed.GetValue(grpc),
                    OtlpHttp = parsed.GetValue(http),
                    Zipkin = parsed.GetValue(zipkin),
                    Token = session.Token,
                    Dashboard = !parsed.GetValue(noDashboard),
                    Open = !parsed.GetValue(noOpen) && !parsed.GetValue(noDashboard),
                    Timeout = parsed.GetValue(timeout),
                    Session = session,
                },
                stop));
    }
}
