import java.util.*;
import java.util.function.*;

/** Records, interfaces, lambdas, collections, strings, arrays, exceptions and a lot of garbage, by TeaVM to wasm with garbage collection. */
public class Objects {
    interface Shape { double area(); }
    record Circle(double radius) implements Shape { public double area() { return Math.PI * radius * radius; } }
    record Square(double side) implements Shape { public double area() { return side * side; } }
    record Tree(Tree left, Tree right, Object mark) {
        static Tree grown(int depth, int mark) { return depth == 0 ? new Tree(null, null, mark) : new Tree(grown(depth - 1, mark), grown(depth - 1, -mark), "m" + mark); }
        int size() { return 1 + (left == null ? 0 : left.size()) + (right == null ? 0 : right.size()); }
    }
    static class Failure extends RuntimeException { Failure(String message, Throwable cause) { super(message, cause); } }

    static int unwound;

    static int down(int n) {
        try {
            if (n == 0) throw new IllegalStateException("from below");
            return down(n - 1) + 1;
        } finally {
            unwound++;
        }
    }

    static void attempt(String what, Supplier<Object> does) {
        try {
            System.out.println(what + ": " + does.get());
        } catch (Failure e) {
            System.out.println(what + ": " + e.getMessage() + ", since " + e.getCause().getMessage());
        } catch (RuntimeException e) {
            System.out.println(what + ": " + e.getClass().getName());
        } finally {
            System.out.println("finally");
        }
    }

    static Object failing() {
        try {
            return down(500);
        } catch (IllegalStateException e) {
            throw new Failure(unwound + " unwound", e);
        }
    }

    public static void main(String[] args) {
        Map<String, Integer> words = new TreeMap<>();
        for (String word : "the quick brown fox jumps over the lazy dog the end".split(" ")) words.merge(word, 1, Integer::sum);
        System.out.println(words);
        Object text = "Grüße, Мир ☃";
        attempt("deep", Objects::failing);
        attempt("cast", () -> (Integer) text);
        attempt("index", () -> new ArrayList<>(words.values()).get(9) + new int[9][words.size()][2].length);
        attempt("null", () -> ((Object) null).hashCode());
        attempt("number", () -> Integer.parseInt("12x"));
        attempt("text", () -> text + " " + new StringBuilder((String) text).reverse() + " " + text.hashCode() + " " + ((String) text).toUpperCase());
        double area = 0;
        List<Shape> shapes = new ArrayList<>();
        for (int i = 0; i < 20000; i++) shapes.add(i % 2 == 0 ? new Circle(i) : new Square(i));
        for (Shape shape : shapes) area += shape instanceof Circle c ? c.area() / 2 : shape.area();
        System.out.println(area);
        Map<String, List<Long>> lists = new HashMap<>();
        for (long i = 0; i < 50000; i++) lists.computeIfAbsent("k" + i % 97, k -> new LinkedList<>()).add(i * i);
        System.out.println(lists.values().stream().mapToLong(each -> each.stream().mapToLong(n -> n).sum()).sum());
        int size = 0;
        for (int i = 0; i < 20; i++) size += Tree.grown(12, i).size();
        System.out.println(size);
        long[][] table = new long[50][60];
        for (int i = 0; i < 50; i++) for (int j = 0; j < 60; j++) table[i][j] = Math.floorMod((long) i * j - 700, 13L);
        System.out.println(Arrays.stream(table).mapToLong(row -> Arrays.hashCode(row)).sum() + " " + 1.0 / 3 + " " + 1e300 * 1e10 + " " + (float) 0.1 + " " + (int) Double.NaN);
    }
}
