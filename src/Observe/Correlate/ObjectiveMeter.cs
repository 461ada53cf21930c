namespace Mainstay.Observe.Correlate;

/// <summary>What happened to the requests of an objective's route within a slot of time.</summary>
/// <param name="Number">Of the slot: seconds since 1970 divided by its length.</param>
/// <param name="Requests">All of them.</param>
/// <param name="Errors">Those that the server failed.</param>
/// <param name="Slow">Those that took longer than they may.</param>
public readonly record struct ObjectiveSlot(long Number, double Requests, double Errors, double Slow)
{
    public ObjectiveSlot Add(double requests, double errors, double slow) => this with { Requests = Requests + requests, Errors = Errors + errors, Slow = Slow + slow };
}

/// <summary>Counts for one objective by the minute for seven hours and by the hour for ninety days. Not safe for several callers at a time.</summary>
public sealed class ObjectiveMeter
{
    const int MinuteSeconds = 60;
    const int HourSeconds = 3600;

    readonly ObjectiveSlot[] minutes = new ObjectiveSlot[7 * 60];
    readonly ObjectiveSlot[] hours = new ObjectiveSlot[91 * 24];

    /// <summary>When counting began; null before.</summary>
    public DateTimeOffset? Since { get; private set; }

    /// <summary>What it holds, for keeping it across restarts: hours first, then minutes.</summary>
    public ObjectiveRecord Kept() => new(Since ?? default, [.. hours.Where(h => h.Requests > 0)], [.. minutes.Where(m => m.Requests > 0)]);

    /// <summary>Goes on from what was kept.</summary>
    public static ObjectiveMeter From(ObjectiveRecord kept)
    {
        var meter = new ObjectiveMeter { Since = kept.Since == default ? null : kept.Since };
        foreach (var hour in kept.Hours.Where(h => h.Number >= 0))
        {
            meter.hours[hour.Number % meter.hours.Length] = hour;
        }

        foreach (var minute in kept.Minutes.Where(m => m.Number >= 0))
        {
            meter.minutes[minute.Number % meter.minutes.Length] = minute;
        }

        return meter;
    }

    /// <summary>Adds requests that ended just now.</summary>
    public void Add(DateTimeOffset now, double requests, double errors, double slow)
    {
        Since ??= now;
        var second = now.ToUnixTimeSeconds();
        Add(minutes, second / MinuteSeconds, requests, errors, slow);
        Add(hours, second / HourSeconds, requests, errors, slow);
    }

    /// <summary>The sum over a window that ends now: up to six hours by minutes, beyond by hours.</summary>
    public ObjectiveSlot Sum(DateTimeOffset now, TimeSpan window)
    {
        var (slots, length) = window <= TimeSpan.FromHours(6) ? (minutes, MinuteSeconds) : (hours, HourSeconds);
        var last = now.ToUnixTimeSeconds() / length;
        var first = last - (long)(window.TotalSeconds / length) + 1;
        var sum = default(ObjectiveSlot);
        foreach (var slot in slots)
        {
            if (slot.Requests > 0 && slot.Number >= first && slot.Number <= last)
            {
                sum = sum.Add(slot.Requests, slot.Errors, slot.Slow);
            }
        }

        return sum;
    }

    static void Add(ObjectiveSlot[] slots, long number, double requests, double errors, double slow)
    {
        ref var slot = ref slots[number % slots.Length];
        slot = (slot.Number == number ? slot : new(number, 0, 0, 0)).Add(requests, errors, slow);
    }
}

/// <summary>What a meter holds.</summary>
public sealed record ObjectiveRecord(DateTimeOffset Since, IReadOnlyList<ObjectiveSlot> Hours, IReadOnlyList<ObjectiveSlot> Minutes);
