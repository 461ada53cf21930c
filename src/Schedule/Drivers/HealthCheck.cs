using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Text;
using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Schedule;

namespace Mainstay.Schedule.Drivers;

/// <summary>What is checked of one process.</summary>
/// <param name="Instance">The instance's name.</param>
/// <param name="Epoch">The start that the checks are about.</param>
/// <param name="Spec">How it shows that it can serve.</param>
/// <param name="Address">Where it listens.</param>
/// <param name="Command">How a checking command is run; used only where the spec has one.</param>
/// <param name="Inside">Runs a checking command within a container, within a time, in place of <paramref name="Command"/>; null for processes.</param>
sealed record HealthTarget(
    string Instance,
    int Epoch,
    HealthSpec Spec,
    IPEndPoint Address,
    Func<string, SpawnRequest> Command,
    Func<string, TimeSpan, CancellationToken, Task<(int? ExitCode, string Why)>>? Inside = null)
{
    /// <summary>The name that it is asked by, where it is not known by its address.</summary>
    public string? Host { get; init; }

    /// <summary>What says where else it listens; null where nobody can see that.</summary>
    public ListenWatch? Listens { get; init; }
}

/// <summary>One check of one process: null where it passed, else why not, as a clause for people.</summary>
static class HealthCheck
{
    // "HTTP/1.1 200" and no more is read.
    const int StatusLineBytes = 12;

    /// <param name="events">What tells of the end of checking commands; null where there is no command.</param>
    public static async Task<string?> RunAsync(HealthTarget target, EventThread? events, TimeProvider time, CancellationToken stop)
    {
        var spec = target.Spec;
        if (spec.Command is { } command)
        {
            var (code, why) = target.Inside is { } inside ? await inside(command, spec.Timeout, stop) : await OneShot.RunAsync(target.Command(command), events!, spec.Timeout, time, stop);
            return code == 0 ? null : $"check command: {(why.Length > 0 ? why : $"exit code {code}")}";
        }

        using var deadline = new CancellationTokenSource(spec.Timeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stop, deadline.Token);
        var isSpecial = spec.Protocol is not (null or HealthProtocol.Http1);
        var what = spec.Path is null ? $"connect to port {target.Address.Port}" : $"GET {spec.Path}";
        try
        {
            if (isSpecial && spec.Path is not null)
            {
                return Verdict(await SecureCheck.GetAsync(target, either.Token), what);
            }

            using var socket = new Socket(target.Address.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            await socket.ConnectAsync(target.Address, either.Token);
            if (spec.Path is null && isSpecial)
            {
                await SecureCheck.HandshakeAsync(socket, target, either.Token);
            }

            return spec.Path is null ? null : await GetAsync(socket, target, what, either.Token);
        }
        catch (SocketException refused)
        {
            return $"{what}: {Words(refused.SocketErrorCode, target)}";
        }
        catch (HttpRequestException failed)
        {
            return $"{what}: {(failed.InnerException is SocketException refused ? Words(refused.SocketErrorCode, target) : (failed.InnerException ?? failed).Message)}";
        }
        catch (Exception failed) when (failed is AuthenticationException or IOException)
        {
            return $"{what}: no TLS: {failed.Message}";
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            return $"{what}: no answer within {Durations.Format(spec.Timeout)}";
        }
    }

    // RFC 9112 §3 and §4: a request without a body, answered by a status line.
    static async Task<string?> GetAsync(Socket socket, HealthTarget target, string what, CancellationToken stop)
    {
        var request = Encoding.ASCII.GetBytes(
            $"GET {target.Spec.Path} HTTP/1.1\r\nHost: {(target.Host is { } host ? $"{host}:{target.Address.Port}" : target.Address.ToString())}\r\nUser-Agent: mainstay-health\r\nAccept: */*\r\nConnection: close\r\n\r\n");
        await socket.SendAsync(request, stop);
        var answer = new byte[StatusLineBytes];
        var count = 0;
        while (count < StatusLineBytes)
        {
            var more = await socket.ReceiveAsync(answer.AsMemory(count), stop);
            if (more == 0)
            {
                return $"{what}: the connection was closed without an answer{Elsewhere(target)}";
            }

            count += more;
        }

        var line = Encoding.ASCII.GetString(answer);
        return !line.StartsWith("HTTP/1.", StringComparison.Ordinal) || !int.TryParse(line.AsSpan(9), NumberStyles.None, CultureInfo.InvariantCulture, out var status)
            ? $"{what}: the answer is not HTTP"
            : Verdict(status, what);
    }

    static string? Verdict(int status, string what) => status is >= 200 and < 400 ? null : $"{what}: status {status}";

    static string Words(SocketError error, HealthTarget target) => error switch
    {
        SocketError.ConnectionRefused => $"connection refused{Elsewhere(target)}",
        SocketError.ConnectionReset => $"connection reset{Elsewhere(target)}",
        SocketError.TimedOut => "timed out",
        _ => error.ToString(),
    };

    // The port of a container may be held open by the engine, which finds out only then that nobody is behind it.
    static string Elsewhere(HealthTarget target) => target.Listens?.Say() ?? "";
}
