using Mainstay.Observe.Correlate;
using Mainstay.Observe.Drivers;

namespace Mainstay.Host.Api.Observe;

/// <summary>What the correlation remembers beyond the process: what is usual, every five minutes, and what changed, at once. Without a data folder nothing.</summary>
public sealed class LongMemory
{
    static readonly TimeSpan Every = TimeSpan.FromMinutes(5);

    readonly ServerServices services;
    readonly UsualFile? usual;
    readonly ChangeFile? changes;
    DateTimeOffset kept;

    public LongMemory(ServerServices services)
    {
        this.services = services;
        kept = services.Time.GetUtcNow();
        if (services.Data is { } data)
        {
            usual = new(Path.Combine(data, "telemetry", "usual.bin"));
            changes = new(Path.Combine(data, "telemetry", "changes.json"));
        }
    }

    /// <summary>What was usual before this process.</summary>
    public IReadOnlyList<LongUsual> Usual() => usual?.Read() ?? [];

    /// <summary>What changed before this process, oldest first.</summary>
    public IReadOnlyList<SeenChange> Changes() => changes?.Read() ?? [];

    /// <summary>Whether it is time to keep what is usual.</summary>
    public bool IsDue(DateTimeOffset now) => usual is not null && now - kept >= Every;

    public void Keep(IReadOnlyList<LongUsual> all, DateTimeOffset now)
    {
        kept = now;
        Tell(usual?.Write(all));
    }

    public void Keep(IReadOnlyList<SeenChange> all) => Tell(changes?.Write(all));

    void Tell(string? why)
    {
        if (why is not null)
        {
            services.OnFault?.Invoke("correlator", new IOException(why));
        }
    }
}
