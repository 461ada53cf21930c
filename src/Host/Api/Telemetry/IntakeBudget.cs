namespace Mainstay.Host.Api.Telemetry;

/// <summary>The memory that bodies under way may take together: who wants more than is left is told to come again.</summary>
/// <param name="most">In bytes.</param>
public sealed class IntakeBudget(long most)
{
    long used;

    /// <summary>In bytes.</summary>
    public long Used => Volatile.Read(ref used);

    public long Most => most;

    /// <summary>False where there is not so much left; then nothing was taken.</summary>
    public bool TryTake(long bytes)
    {
        if (Interlocked.Add(ref used, bytes) <= most)
        {
            return true;
        }

        Interlocked.Add(ref used, -bytes);
        return false;
    }

    public void Give(long bytes) => Interlocked.Add(ref used, -bytes);
}
