using System.Globalization;
using Mainstay.Schedule.Agent;

namespace Mainstay.Host.Api.Agents;

/// <summary>Commands that are to be run beside instances: asked for here, told to the agent of the instance's host with its work, and answered by it.</summary>
public sealed class ExecDesk(TimeProvider time)
{
    /// <summary>The most that wait for an answer at a time.</summary>
    public const int MostOpen = 64;

    // On top of the command's own time: the way there and back.
    static readonly TimeSpan OnTheWay = TimeSpan.FromSeconds(5);

    readonly Lock gate = new();
    readonly Dictionary<string, Asked> open = new(StringComparer.Ordinal);
    readonly Dictionary<string, List<Action>> agents = new(StringComparer.Ordinal);
    long serial;

    /// <summary>Has a command run, and waits for its end.</summary>
    public async Task<ExecAnswer> AskAsync(string host, string instance, IReadOnlyList<string> command, TimeSpan timeout, CancellationToken stop)
    {
        var id = Interlocked.Increment(ref serial).ToString(CultureInfo.InvariantCulture);
        var asked = new Asked(host, new(id, instance, command, timeout));
        Action[] wake;
        lock (gate)
        {
            if (!agents.TryGetValue(host, out var there) || there.Count == 0)
            {
                return new() { Why = $"the agent of {host} is not connected; see 'mainstay host ls'" };
            }

            if (open.Count >= MostOpen)
            {
                return new() { Why = $"{MostOpen} commands are under way already; try again when one has ended" };
            }

            open[id] = asked;
            wake = [.. there];
        }

        try
        {
            Array.ForEach(wake, w => w());
            return await asked.Answer.Task.WaitAsync(timeout + OnTheWay, time, stop);
        }
        catch (TimeoutException)
        {
            return new() { Why = $"the agent of {host} did not answer in time" };
        }
        finally
        {
            lock (gate)
            {
                open.Remove(id);
            }
        }
    }

    /// <summary>Calls <paramref name="wake"/> when there is something for a host's agent, until disposed of.</summary>
    public IDisposable Follow(string host, Action wake)
    {
        lock (gate)
        {
            (agents.TryGetValue(host, out var there) ? there : agents[host] = []).Add(wake);
        }

        return new Following(this, host, wake);
    }

    /// <summary>What the agent of a host was not told yet. It is told once: a command must not run twice.</summary>
    public IReadOnlyList<ExecAsk> Take(string host)
    {
        lock (gate)
        {
            Asked[] news = [.. open.Values.Where(a => a.Host == host && !a.IsTold)];
            foreach (var one in news)
            {
                one.IsTold = true;
            }

            return [.. news.Select(a => a.Ask)];
        }
    }

    /// <summary>False where nobody waits for it, or another host was asked.</summary>
    public bool Answer(string host, string id, ExecAnswer answer)
    {
        lock (gate)
        {
            return open.TryGetValue(id, out var asked) && asked.Host == host && asked.Answer.TrySetResult(answer);
        }
    }

    void Leave(string host, Action wake)
    {
        lock (gate)
        {
            if (agents.TryGetValue(host, out var there) && there.Remove(wake) && there.Count == 0)
            {
                agents.Remove(host);
            }
        }
    }

    sealed class Asked(string host, ExecAsk ask)
    {
        public string Host => host;

        public ExecAsk Ask => ask;

        public bool IsTold { get; set; }

        public TaskCompletionSource<ExecAnswer> Answer { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    sealed class Following(ExecDesk desk, string host, Action wake) : IDisposable
    {
        public void Dispose() => desk.Leave(host, wake);
    }
}
