namespace Mainstay.Traffic.Path;

/// <summary>
/// Reusable objects: a small stack per thread, and a bounded shared one behind a lock through which threads exchange half a stack at a
/// time. So an object that is rented on one thread and returned on another circulates without being allocated anew.
/// </summary>
internal static class LocalPool<T> where T : class
{
    private const int LocalSize = 32;
    private const int SharedSize = 4096;

    // One look per call: in native code each look at what is a thread's own has its price, and one more where its class has anything to initialize.
    [ThreadStatic] private static Stack? mine;

    /// <summary>An object that was returned earlier, or null.</summary>
    public static T? Rent()
    {
        var stack = mine ??= new Stack();
        if (stack.Count == 0 && !Refill(stack)) return null;
        ref var slot = ref stack.Slots[--stack.Count];
        var item = slot.Item;
        slot.Item = null;
        return item;
    }

    /// <summary>Gives an object back; it is dropped when the pool is full.</summary>
    public static void Return(T item)
    {
        var stack = mine ??= new Stack();
        if (stack.Count == LocalSize) Spill(stack);
        stack.Slots[stack.Count++].Item = item;
    }

    private static bool Refill(Stack stack)
    {
        if (Volatile.Read(ref Shared.Count) == 0) return false;
        lock (Shared.Gate)
        {
            while (stack.Count < LocalSize / 2 && Shared.Count > 0)
            {
                ref var slot = ref Shared.Slots[--Shared.Count];
                stack.Slots[stack.Count++].Item = slot.Item;
                slot.Item = null;
            }
        }
        return stack.Count > 0;
    }

    private static void Spill(Stack stack)
    {
        lock (Shared.Gate)
        {
            while (stack.Count > LocalSize / 2)
            {
                ref var slot = ref stack.Slots[--stack.Count];
                if (Shared.Count < SharedSize) Shared.Slots[Shared.Count++].Item = slot.Item;
                slot.Item = null;
            }
        }
    }

    // Arrays of references ask at each store what they may hold; arrays of structures do not.
    private struct Slot
    {
        public T? Item;
    }

    private sealed class Stack
    {
        public readonly Slot[] Slots = new Slot[LocalSize];
        public int Count;
    }

    private static class Shared
    {
        public static readonly Lock Gate = new();
        public static readonly Slot[] Slots = new Slot[SharedSize];
        public static int Count;
    }
}
