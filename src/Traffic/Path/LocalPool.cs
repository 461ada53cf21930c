namespace Mainstay.Traffic.Path;

/// <summary>
/// Reusable objects: a small stack per thread, and a bounded shared one behind a lock through which threads exchange half a stack at a
/// time. So an object that is rented on one thread and returned on another circulates without being allocated anew.
/// </summary>
internal static class LocalPool<T> where T : class
{
    private const int LocalSize = 32;
    private const int SharedSize = 4096;
    [ThreadStatic] private static T[]? local;
    [ThreadStatic] private static int localCount;
    private static readonly Lock Gate = new();
    private static readonly T[] Shared = new T[SharedSize];
    private static int sharedCount;

    /// <summary>An object that was returned earlier, or null.</summary>
    public static T? Rent()
    {
        if (localCount == 0 && !Refill()) return null;
        var index = --localCount;
        var item = local![index];
        local[index] = null!;
        return item;
    }

    /// <summary>Gives an object back; it is dropped when the pool is full.</summary>
    public static void Return(T item)
    {
        local ??= new T[LocalSize];
        if (localCount == LocalSize) Spill();
        local[localCount++] = item;
    }

    private static bool Refill()
    {
        if (Volatile.Read(ref sharedCount) == 0) return false;
        local ??= new T[LocalSize];
        lock (Gate)
        {
            while (localCount < LocalSize / 2 && sharedCount > 0)
            {
                local[localCount++] = Shared[--sharedCount];
                Shared[sharedCount] = null!;
            }
        }
        return localCount > 0;
    }

    private static void Spill()
    {
        lock (Gate)
        {
            while (localCount > LocalSize / 2)
            {
                var item = local![--localCount];
                local[localCount] = null!;
                if (sharedCount < SharedSize) Shared[sharedCount++] = item;
            }
        }
    }
}
