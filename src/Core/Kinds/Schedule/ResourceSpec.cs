namespace Mainstay.Core.Kinds.Schedule;

/// <summary>What one instance gets of its host: kept free for it when its host is chosen, and the most that it may use.</summary>
public sealed record ResourceSpec
{
    /// <summary>How many processors. Default: none is kept free and all may be used. 0.01 to 1024.</summary>
    public Cpus? Cpu { get; init; }

    /// <summary>How much memory; beyond that it is ended by the kernel. Default: none is kept free and all may be used. At least 4Mi.</summary>
    public ByteSize? Memory { get; init; }

    public IEnumerable<Problem> Validate()
    {
        if (Cpu is { Hundredths: < 1 or > 102_400 })
        {
            yield return new("cpu", $"{Cpu} is outside 0.01 to 1024", "choose a number within; 0.5 is half a processor");
        }

        if (Memory is { Bytes: < 4 << 20 })
        {
            yield return new("memory", $"{Memory} is less than 4Mi", "give it more, for example 256Mi");
        }
    }
}
