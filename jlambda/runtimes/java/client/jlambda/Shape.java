package jlambda;

import java.lang.reflect.Array;
import java.lang.reflect.GenericArrayType;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.Type;
import java.lang.reflect.TypeVariable;
import java.lang.reflect.WildcardType;
import java.util.HashMap;
import java.util.Map;

/**
 * A type with its type arguments filled in: {@code Page<Item>} as it is used, not as it is declared.
 *
 * An array's only argument is its element.
 */
final class Shape {
    static final Shape OBJECT = new Shape(Object.class);

    private static final Map<Class<?>, Shape> PLAIN = new HashMap<>();

    final Class<?> raw;
    final Shape[] arguments;
    private Shape[] members;

    private Shape(Class<?> raw, Shape... arguments) {
        this.raw = raw;
        this.arguments = arguments;
    }

    /** The shape of `type`, whose type variables, if any, are those of `owner` or of what it extends. */
    static Shape of(Type type, Shape owner) {
        if (type instanceof Class) {
            Class<?> raw = (Class<?>) type;
            Shape known = PLAIN.get(raw);
            if (known == null) {
                known = raw.isArray() ? new Shape(raw, of(raw.getComponentType(), null)) : new Shape(raw);
                PLAIN.put(raw, known);
            }
            return known;
        }
        if (type instanceof ParameterizedType) {
            Type[] given = ((ParameterizedType) type).getActualTypeArguments();
            Shape[] arguments = new Shape[given.length];
            for (int i = 0; i < given.length; i++) {
                arguments[i] = of(given[i], owner);
            }
            return new Shape((Class<?>) ((ParameterizedType) type).getRawType(), arguments);
        }
        if (type instanceof GenericArrayType) {
            Shape element = of(((GenericArrayType) type).getGenericComponentType(), owner);
            return new Shape(Array.newInstance(element.raw, 0).getClass(), element);
        }
        if (type instanceof WildcardType) {
            return of(((WildcardType) type).getUpperBounds()[0], owner);
        }
        TypeVariable<?> variable = (TypeVariable<?>) type;
        if (owner != null && variable.getGenericDeclaration() instanceof Class) {
            Class<?> declaring = (Class<?>) variable.getGenericDeclaration();
            Shape declared = owner.as(declaring);
            TypeVariable<?>[] variables = declaring.getTypeParameters();
            for (int i = 0; declared != null && i < declared.arguments.length; i++) {
                if (variables[i].equals(variable)) {
                    return declared.arguments[i];
                }
            }
        }
        Type bound = variable.getBounds()[0];
        // `T extends Comparable<T>` would go round for ever
        return bound instanceof Class ? of(bound, owner) : bound instanceof ParameterizedType
            ? new Shape((Class<?>) ((ParameterizedType) bound).getRawType()) : OBJECT;
    }

    /** This shape seen as one of the classes or interfaces it extends; null if it does not. */
    Shape as(Class<?> wanted) {
        if (raw == wanted) {
            return this;
        }
        if (!wanted.isAssignableFrom(raw)) {
            return null;
        }
        for (Type parent : raw.getGenericInterfaces()) {
            Shape found = of(parent, this).as(wanted);
            if (found != null) {
                return found;
            }
        }
        Type parent = raw.getGenericSuperclass();
        return parent == null ? null : of(parent, this).as(wanted);
    }

    /** The type argument of `wanted`, which this extends: `argument(Map.class, 1)` is that of a map's values. */
    Shape argument(Class<?> wanted, int index) {
        Shape found = as(wanted);
        return found == null || found.arguments.length <= index ? OBJECT : found.arguments[index];
    }

    /** The shape of the member `index` of this bean. */
    Shape member(Bean bean, int index) {
        if (members == null) {
            members = new Shape[bean.members.length];
        }
        if (members[index] == null) {
            members[index] = of(bean.members[index].type, this);
        }
        return members[index];
    }

    @Override
    public String toString() {
        return raw.getTypeName();
    }
}
