using Mainstay.Observe.Ingest.Model;
using Mainstay.Observe.Numbers;

namespace Mainstay.Observe.Sampling;

/// <summary>What is usual for an operation: how often it comes and how long it takes, over the last five to ten minutes. Bounded; not safe for several callers.</summary>
sealed class OperationProfiles(int most = 4096)
{
    const long Period = 300_000;
    const long Fresh = 10_000;
    const int Enough = 100;
    const int RareBelow = 10;

    readonly NameTable services = new(2048);
    readonly NameTable names = new(16_384, 512);
    readonly Dictionary<(int Service, int Name, SpanKind Kind), int> numbers = [];
    readonly List<Profile> profiles = [];

    /// <summary>The number of an operation; -1 where there are too many.</summary>
    public int Of(ReadOnlySpan<byte> service, ReadOnlySpan<byte> name, SpanKind kind)
    {
        var key = (services.Of(service), names.Of(name), kind);
        if (key.Item2 == NameTable.Other)
        {
            return -1;
        }

        if (numbers.TryGetValue(key, out var number))
        {
            return number;
        }

        if (profiles.Count >= most)
        {
            return -1;
        }

        numbers.Add(key, profiles.Count);
        profiles.Add(new());
        return profiles.Count - 1;
    }

    /// <summary>Takes one span in and says whether it is slow, and whether its operation is rare.</summary>
    public (bool Slow, bool Rare) Take(int number, long nanoseconds, long now)
    {
        var profile = profiles[number];
        profile.Turn(now);
        var judged = (nanoseconds > profile.Threshold, profile.Count < RareBelow);
        profile.Now.Add(nanoseconds);
        return judged;
    }

    sealed class Profile
    {
        LatencySketch before = new();
        long begun = -1;
        long judgedAt;

        public LatencySketch Now { get; private set; } = new();

        public long Count => Now.Count + before.Count;

        /// <summary>What is longer is slow, in nanoseconds.</summary>
        public long Threshold { get; private set; } = long.MaxValue;

        public void Turn(long now)
        {
            begun = begun < 0 ? now : begun;
            if (now - begun >= Period)
            {
                (before, Now) = (Now, before);
                Now.Clear();
                if (now - begun >= 2 * Period)
                {
                    before.Clear();
                }

                begun = now;
            }

            if (now - judgedAt >= Fresh)
            {
                judgedAt = now;
                Judge();
            }
        }

        void Judge()
        {
            if (Count < Enough)
            {
                Threshold = long.MaxValue;
                return;
            }

            var sum = new LatencySketch();
            sum.Add(Now);
            sum.Add(before);

            // A bucket's middle is up to 4.5 % off: only what is surely beyond it counts.
            Threshold = (long)Math.Max(sum.Quantile(0.99) * 1.1, sum.Quantile(0.5) * 1.5);
        }
    }
}
