using System.Net;
using System.Net.Sockets;
using Mainstay.Host.Api.Telemetry;
using Mainstay.Host.Cli;

namespace Mainstay.Host.Roles;

/// <summary>
/// Decides where telemetry is taken in. What was asked for holds; else where it was the last time, because instances that outlived it send there; else the standard
/// ports; where somebody else listens there, for example another Mainstay on this machine, a free one.
/// </summary>
static class TelemetryPlaces
{
    /// <summary>The places, none with port 0; kept in the data folder.</summary>
    /// <param name="asked">As the flags of <c>up</c> were given: gRPC, HTTP, Zipkin; null where one was not.</param>
    /// <param name="data">Where the places of the last time are.</param>
    /// <param name="say">Told where a place is not the standard one because that is taken.</param>
    public static TelemetryPorts Resolve((string? OtlpGrpc, string? OtlpHttp, string? Zipkin) asked, DataLayout data, Action<string> say)
    {
        var last = Last(data.TelemetryFile);
        var standard = TelemetryPorts.Standard;
        var ports = new TelemetryPorts(
            One("--otlp-grpc", asked.OtlpGrpc, last?.OtlpGrpc, standard.OtlpGrpc!, say),
            One("--otlp-http", asked.OtlpHttp, last?.OtlpHttp, standard.OtlpHttp!, say),
            One("--zipkin", asked.Zipkin, last?.Zipkin, standard.Zipkin!, say));
        try
        {
            data.Make();
            File.WriteAllText(data.TelemetryFile, string.Join('\n', new[] { ports.OtlpGrpc, ports.OtlpHttp, ports.Zipkin }.Select(TelemetryPorts.Write)));
        }
        catch (Exception refused) when (refused is IOException or UnauthorizedAccessException)
        {
            // Whoever takes the folder next meets the same refusal, and explains it.
        }

        return ports;
    }

    static IPEndPoint? One(string flag, string? asked, IPEndPoint? last, IPEndPoint standard, Action<string> say)
    {
        IPEndPoint? end = null;
        if (asked is not null && !TelemetryPorts.TryRead(asked, out end))
        {
            throw new CliError($"'{asked}' is no place to take telemetry in", $"give {flag} as off, PORT or ADDRESS:PORT", ExitCode.Invalid);
        }

        if (asked is not null && end?.Port != 0)
        {
            return end;
        }

        if (last is not null)
        {
            return last;
        }

        if (asked is null && IsFree(standard))
        {
            return standard;
        }

        var free = Free(end?.Address ?? IPAddress.Loopback);
        if (asked is null)
        {
            say($"somebody else listens on port {standard.Port}: telemetry is taken in at {free} instead; choose another with {flag}");
        }

        return free;
    }

    static TelemetryPorts? Last(string file)
    {
        if (!File.Exists(file))
        {
            return null;
        }

        var lines = File.ReadAllLines(file);
        return lines.Length == 3 && TelemetryPorts.TryRead(lines[0], out var grpc) && TelemetryPorts.TryRead(lines[1], out var http) && TelemetryPorts.TryRead(lines[2], out var zipkin)
            ? new(grpc, http, zipkin)
            : null;
    }

    static bool IsFree(IPEndPoint end)
    {
        using var probe = new Socket(end.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            probe.Bind(end);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    static IPEndPoint Free(IPAddress address)
    {
        using var probe = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        probe.Bind(new IPEndPoint(address, 0));
        return (IPEndPoint)probe.LocalEndPoint!;
    }
}
